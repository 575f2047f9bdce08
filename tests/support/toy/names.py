"""What a module of a target's folder imports from another one."""

NODE = "toy"
