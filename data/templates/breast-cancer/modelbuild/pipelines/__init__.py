# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The pipelines of this repository, a package each, with a get_pipeline() in its module `pipeline`."""
