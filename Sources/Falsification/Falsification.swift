// Falsification
