"""The course's tools: starters are cut by tools/mklab, submissions are graded by tools/grade. labs/README.md has the format."""
