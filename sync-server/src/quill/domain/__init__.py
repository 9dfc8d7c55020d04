"""The rules: pure, without framework, storage, clock or chance."""
