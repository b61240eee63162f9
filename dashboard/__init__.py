"""The pages that people see; sources in `src/`, built assets in `static/` (not in git)."""
