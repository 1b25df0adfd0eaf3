from django.urls import path

from annotation.api import exporting, reading, work

urlpatterns = [
    path("projects/", reading.projects),
    path("projects/<slug:slug>/claims/", work.claim),
    path("assignments/<int:pk>/", work.assignment),
    path("assignments/<int:pk>/submission/", work.submit),
    path("assignments/<int:pk>/correction/", work.correct),
    path("assignments/<int:pk>/skip/", work.skip),
    path("assignments/<int:pk>/release/", work.release),
    path("assignments/<int:pk>/renewal/", work.renew),
    path("projects/<slug:slug>/samples/", reading.samples),
    path("projects/<slug:slug>/samples/<path:external_id>/", reading.sample),
    path("projects/<slug:slug>/labels/", reading.labels),
    path("projects/<slug:slug>/judgments/", reading.judgments),
    path("projects/<slug:slug>/figures/", reading.figures),
    path("projects/<slug:slug>/export/", exporting.export),
    path("projects/<slug:slug>/versions/", exporting.version_list),
    path("projects/<slug:slug>/versions/<int:number>/", exporting.version),
    path("projects/<slug:slug>/versions/<int:number>/files/<path:path>", exporting.version_file),
]
