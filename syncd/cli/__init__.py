"""The commands. A verb parses, calls one service, prints; errors travel up to ``syncd/__main__.py``.

How a verb is added:

1. Write a function in the file of its group (``cli/channels.py`` ...): its parameters are the options and arguments
   (typer), its docstring is the help. The first parameter is ``ctx: typer.Context`` where settings are needed:
   ``invocation.of(ctx).settings()``.
2. Print with ``cli/output.py`` only: it is plain and unwrapped in a pipe. What failed is raised as a
   `syncd.errors.SyncdError` with its exit code, after what there is to show has been shown.
3. Name it in `syncd.cli.app.VERBS`, in its panel and at its place: ``--help`` keeps that order.
"""
