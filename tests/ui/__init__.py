"""What an operator sees: governed runs in the Prefect UI, looked at with a headless browser.

runs       `benson run` against a real server, and what it answered
handed_in  what a real `benson up` is given: a file in its inbox, a document by its API
prefect_ui the two UIs that Prefect serves, and where each shows what
forms      the forms that they make, filled in by their labels
pictures   screenshots for the documentation, made small
look       colours as they are painted, tables as they are read

`BENSON_SCREENSHOTS=docs make test-ui` makes the pictures of the documentation anew.
"""
