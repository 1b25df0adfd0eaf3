from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Compressed, with the content's hash in every name, also where one script imports another."""

    support_js_module_import_aggregation = True
