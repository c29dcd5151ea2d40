"""Which tests the invented laboratories do, and how each of them names, numbers and prints them.

The 27 items of the catalogue, and a few tests beside them that a real panel has too: those are
stored and found, and no item of the catalogue is theirs.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Assay:
    """One test a laboratory does: one line of a panel.

    `item` is a key of the catalogue, or None; then `usual` is (low, high) of its interval. `code`
    and `name` are those of dialect A, `number` and `other` those of dialect B.
    """

    item: str | None
    code: str
    name: str
    number: str
    other: str
    loinc: str
    loinc_name: str
    unit: str
    decimals: int
    method: str
    usual: tuple[str, str] | None = None

    @property
    def key(self) -> str:
        """What the values of a person are kept under."""
        return self.item or self.code

    @property
    def is_coded(self) -> bool:
        """The result is a class (阴性), not a number."""
        return not self.unit


@dataclass(frozen=True, slots=True)
class Panel:
    """Tests that are ordered and reported together, from one tube."""

    code: str
    number: str
    name: str
    specimen: str  # SER or WB, HL7 table 0487
    tests: tuple[Assay, ...]


_ENZYME: Final = "速率法"
_ISE: Final = "离子选择电极法"
_COUNT: Final = "电阻抗法"
_CLIA: Final = "化学发光法"

CHEMISTRY: Final = Panel("SH01", "2001", "生化全项", "SER", (
    Assay("K", "K", "钾", "0301001", "血清钾", "2823-3",
          "Potassium SerPl", "mmol/L", 2, _ISE),
    Assay("NA", "Na", "钠", "0301002", "血清钠", "2951-2",
          "Sodium SerPl", "mmol/L", 1, _ISE),
    Assay("CL", "Cl", "氯", "0301003", "血清氯", "2075-0",
          "Chloride SerPl", "mmol/L", 1, _ISE),
    Assay("CA", "Ca", "总钙", "0301004", "血清钙", "2000-8",
          "Calcium SerPl", "mmol/L", 2, "偶氮胂Ⅲ法"),
    Assay("P", "P", "无机磷", "0301005", "血清磷", "14879-1",
          "Phosphate SerPl", "mmol/L", 2, "磷钼酸法"),
    Assay("TP", "TP", "总蛋白", "0302001", "血清总蛋白", "2885-2",
          "Protein SerPl", "g/L", 1, "双缩脲法"),
    Assay("ALB", "ALB", "白蛋白", "0302002", "白蛋白", "1751-7",
          "Albumin SerPl", "g/L", 1, "溴甲酚绿法"),
    Assay("TC", "TC", "总胆固醇", "0304001", "胆固醇", "14647-2",
          "Cholesterol SerPl", "mmol/L", 2, "CHOD-PAP法"),
    Assay("TG", "TG", "甘油三酯", "0304002", "三酰甘油", "14927-8",
          "Triglyceride SerPl", "mmol/L", 2, "GPO-PAP法"),
    Assay("CRE", "CREA", "肌酐", "0305001", "血肌酐", "14682-9",
          "Creatinine SerPl", "umol/L", 1, "肌氨酸氧化酶法"),
    Assay("UREA", "UREA", "尿素", "0305002", "尿素氮", "22664-7",
          "Urea SerPl", "mmol/L", 2, "脲酶法"),
    Assay("UA", "UA", "尿酸", "0305003", "血尿酸", "14933-6",
          "Urate SerPl", "umol/L", 1, "尿酸酶法"),
    Assay("GLU", "GLU", "葡萄糖", "0306001", "血糖", "14749-6",
          "Glucose SerPl", "mmol/L", 2, "己糖激酶法"),
    Assay("ALT", "ALT", "丙氨酸氨基转移酶", "0303001", "谷丙转氨酶", "1742-6",
          "ALT SerPl", "U/L", 1, _ENZYME),
    Assay("AST", "AST", "天门冬氨酸氨基转移酶", "0303002", "谷草转氨酶", "1920-8",
          "AST SerPl", "U/L", 1, _ENZYME),
    Assay("GGT", "GGT", "γ-谷氨酰基转移酶", "0303003", "谷氨酰转肽酶", "2324-2",
          "GGT SerPl", "U/L", 1, _ENZYME),
    Assay("LDH", "LDH", "乳酸脱氢酶", "0303004", "乳酸脱氢酶", "14804-9",
          "LDH SerPl Lactate to pyruvate", "U/L", 1, "乳酸底物法"),
    Assay("CK", "CK", "肌酸激酶", "0303005", "肌酸激酶", "2157-6",
          "CK SerPl", "U/L", 1, _ENZYME),
    Assay(None, "TBIL", "总胆红素", "0303006", "总胆红素", "14631-6",
          "Bilirubin SerPl", "umol/L", 1, "钒酸盐氧化法", ("3.4", "20.5")),
))  # fmt: skip
BLOOD_COUNT: Final = Panel("XCG5", "1001", "血常规五分类", "WB", (
    Assay("WBC", "WBC", "白细胞计数", "0101001", "白细胞", "6690-2",
          "Leukocytes Bld Auto", "10*9/L", 2, _COUNT),
    Assay("RBC", "RBC", "红细胞计数", "0101002", "红细胞", "789-8",
          "Erythrocytes Bld Auto", "10*12/L", 2, _COUNT),
    Assay("HGB", "HGB", "血红蛋白", "0101003", "血红蛋白浓度", "718-7",
          "Hemoglobin Bld", "g/L", 0, "比色法"),
    Assay("HCT", "HCT", "血细胞比容", "0101004", "红细胞压积", "4544-3",
          "Hematocrit Bld Auto", "%", 1, _COUNT),
    Assay("PLT", "PLT", "血小板计数", "0101005", "血小板", "777-3",
          "Platelets Bld Auto", "10*9/L", 0, _COUNT),
    Assay(None, "MCV", "平均红细胞体积", "0101006", "平均红细胞体积", "787-2",
          "MCV RBC Auto", "fL", 1, _COUNT, ("82.0", "100.0")),
    Assay(None, "NEUT%", "中性粒细胞百分比", "0101007", "中性粒细胞%", "770-8",
          "Neutrophils/leukocytes Bld Auto", "%", 1, _COUNT, ("40.0", "75.0")),
))  # fmt: skip
GLYCATED: Final = Panel("THXH", "1003", "糖化血红蛋白", "WB", (
    Assay("HBA1C", "HbA1c", "糖化血红蛋白A1c", "0102001", "糖化血红蛋白", "4548-4",
          "Hemoglobin A1c/Hgb Bld", "%", 1, "高效液相色谱法"),
))  # fmt: skip
SEROLOGY: Final = Panel("GYXM", "4001", "肝炎血清学", "SER", (
    Assay("HBSAG", "HBsAg", "乙型肝炎病毒表面抗原", "0401001", "乙肝表面抗原", "5196-1",
          "HBV surface Ag SerPl IA Ql", "", 0, _CLIA),
    Assay("HBSAB", "HBsAb", "乙型肝炎病毒表面抗体", "0401002", "乙肝表面抗体", "10900-9",
          "HBV surface Ab Ser IA Ql", "", 0, _CLIA),
    Assay("HCVAB", "HCVAb", "丙型肝炎病毒抗体", "0401003", "丙肝抗体", "13955-0",
          "HCV Ab SerPl IA Ql", "", 0, _CLIA),
))  # fmt: skip
PANELS: Final = (CHEMISTRY, BLOOD_COUNT, GLYCATED, SEROLOGY)
BY_KEY: Final = {test.key: test for panel in PANELS for test in panel.tests}

# The county's dry-chemistry analyser names one test so that no map proposes itself.
ODD_NUMBER: Final = "0309009"
ODD_NAME: Final = "转肽酶(干片)"
ODD_ITEM: Final = "GGT"
# What Tianjin prints in a unit of its own: mmol/mol by the affine rule of IFCC and NGSP.
IFCC_SLOPE: Final = Decimal("0.0915")
IFCC_OFFSET: Final = Decimal("2.15")
