from django.urls import path

from annotation.review import views as review
from annotation.web import views as web

app_name = "annotation"
urlpatterns = [
    path("projects/<slug:slug>/annotate/", web.annotate, name="annotate"),
    path("assignments/<int:pk>/submit/", web.submit, name="submit"),
    path("assignments/<int:pk>/correct/", web.correct, name="correct"),
    path("assignments/<int:pk>/skip/", web.skip, name="skip"),
    path("assignments/<int:pk>/renew/", web.renew, name="renew"),
    path("projects/<slug:slug>/", review.overview, name="overview"),
    path("projects/<slug:slug>/review/", review.queue, name="queue"),
    path("projects/<slug:slug>/review/<int:pk>/", review.sample, name="review"),
    path("projects/<slug:slug>/review/<int:pk>/decide/", review.decide, name="decide"),
    path("projects/<slug:slug>/versions/<int:number>/", review.version, name="version"),
    path("projects/<slug:slug>/versions/<int:number>/files/<path:path>", review.version_file, name="version-file"),
]
