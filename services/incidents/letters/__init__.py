"""Letters as the school knows them: to whom, what goes in, and where the document lies.

The notifier has the words and the post; here are the people and the facts. Recipients are looked up
when a letter is drafted and once more when it is sent: whoever has been walled out gets nothing.
"""
