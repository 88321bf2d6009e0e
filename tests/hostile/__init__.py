"""Documents made to deceive, to exhaust, or to escape: each gets the answer that it earned."""
