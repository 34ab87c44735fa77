"""Looking at recordings and views: pages for a browser, and pictures."""
