"""The report: one HTML file, complete in itself, of a period or of one PAC.

    numbers.py     what a period's page shows, as figures; counting.py counts them in one pass
    bins.py        equal stretches of time, few enough to be drawn
    dispatches.py  what a PAC's page shows: its dispatches as recorded, and whether they verify
    figures.py     matplotlib's figures as SVG that stands inside a page, in the page's colours
    charts.py, timeline.py   what is drawn
    page.py        the pages, from `templates/`; everything foreign is escaped on the way in
    place.py       where a page is written

Nothing here judges. matplotlib is imported only when something is drawn.
"""
