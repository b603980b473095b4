"""Human motion transfer: the library behind the workflow's scripts. Nothing here imports snakemake."""
