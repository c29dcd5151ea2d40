"""The pages, one module each; `hie.web.PAGES` lists them."""
