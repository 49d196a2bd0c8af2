//! Reading a media tree: walking it beneath its root, and telling what its folders and files are.
