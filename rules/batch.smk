# Every target with every source.
# REQUIRED INPUTS: batch.targets and batch.sources in the configuration
# OUTPUTS: results/{target}_as_{source}.mp4 of each, and results/batch.txt, which says what is missing and why


rule batch:
    input:
        expand("results/{pair}.mp4", pair=batch_pairs()),


onsuccess:
    tell_batch()


onerror:
    tell_batch()
