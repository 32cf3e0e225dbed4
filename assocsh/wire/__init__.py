"""What was said on an association: exchanges, wire views, explanations with sections."""
