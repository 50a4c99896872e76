//! TestApp, actors, a clock and chance under control, and every bad token in one line.
