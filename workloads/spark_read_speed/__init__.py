"""Spark job: the grid of read_speed, spread over a cluster, in the study's naive form and in an optimised one."""
