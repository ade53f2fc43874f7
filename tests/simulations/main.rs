//! The core in simulated clusters: the correct rules keep every promise under every seed tried, everything
//! interesting is reached, and a seed says everything about its run.

mod gives_up;
mod reaches;
mod repeats;
mod shrinks;
mod stays_silent;
