"""Lines that people see: HED's weights converted, a student taught by it, and both measured."""
