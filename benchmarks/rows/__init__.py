"""The rows of the table of measures: each module measures some, beside their rivals."""
