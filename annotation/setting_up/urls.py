from django.urls import path

from annotation.setting_up import (
    importing_views,
    invitations_views,
    leases_views,
    projects_views,
    rubric_views,
    settings_views,
    trail_views,
)

urlpatterns = [
    path("new-project/", projects_views.new_project, name="new-project"),
    path("join/<str:secret>/", invitations_views.join, name="join"),
    path("projects/<slug:slug>/setup/", projects_views.setup, name="setup"),
    path("projects/<slug:slug>/setup/rubric/", rubric_views.rubric, name="rubric"),
    path("projects/<slug:slug>/setup/settings/", settings_views.settings, name="project-settings"),
    path("projects/<slug:slug>/setup/invitations/", invitations_views.invite, name="invitations"),
    path("projects/<slug:slug>/setup/invitations/<int:pk>/", invitations_views.withdraw, name="withdraw-invitation"),
    path("projects/<slug:slug>/setup/import/", importing_views.import_samples, name="import"),
    path("projects/<slug:slug>/leases/", leases_views.lease_list, name="leases"),
    path("projects/<slug:slug>/leases/release/", leases_views.release, name="release-leases"),
    path("projects/<slug:slug>/trail/", trail_views.trail, name="trail"),
]
