"""Test the detector on people that it never saw, and on real footage against itself."""

from dancenow.authenticity.detector_report import measure_detector, write_report
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    real = dict(zip(asked.real, given.real, strict=True))
    fake = dict(zip(asked.fake, given.fake, strict=True))
    footage = dict(zip(asked.control, zip(given.filmed, given.written, strict=True), strict=True))
    report = measure_detector(given.detector, real, fake, footage, asked.seed, threads)
    write_report(report, made.report, made.page, made.figure)
