"""What a paper would print of a comparison: tables, charts and pictures, made from finished results."""
