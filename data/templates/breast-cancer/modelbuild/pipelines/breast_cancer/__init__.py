# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Is a tumour malignant? A classification on measurements of its cells."""
