//! What a run leaves behind: the versioned schemas of the files under `results/<time>-<seed>/`.
