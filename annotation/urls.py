from django.urls import path

from annotation.review import views as review
from annotation.review.attributes import views as attributes
from annotation.review.explorer import views as explorer
from annotation.review.gold import views as gold
from annotation.review.judges import views as judges
from annotation.review.overview import views as front
from annotation.review.people import views as people
from annotation.review.queue import questions_views as asked
from annotation.review.queue import sample_views as sample
from annotation.review.queue import views as queue
from annotation.review.routing import views as routing
from annotation.review.second_looks import views as second
from annotation.review.what_if import views as what_if
from annotation.setting_up.urls import urlpatterns as setting_up
from annotation.web import asking, guideline, holding, own_data, own_work, record, sensitive, training
from annotation.web import gold as own_gold
from annotation.web import views as web

app_name = "annotation"
urlpatterns = [
    path("projects/<slug:slug>/annotate/", web.annotate, name="annotate"),
    path("projects/<slug:slug>/ahead/", holding.ahead, name="ahead"),
    path("assignments/<int:pk>/submit/", web.submit, name="submit"),
    path("assignments/<int:pk>/correct/", web.correct, name="correct"),
    path("assignments/<int:pk>/skip/", web.skip, name="skip"),
    path("assignments/<int:pk>/renew/", holding.renew, name="renew"),
    path("assignments/<int:pk>/release/", holding.release, name="release"),
    path("assignments/<int:pk>/draft/", holding.keep_draft, name="draft"),
    path("assignments/<int:pk>/ask/", asking.ask, name="ask"),
    path("assignments/<int:pk>/dispute/", own_gold.dispute, name="dispute"),
    path("projects/<slug:slug>/test/begin/", training.begin_test, name="begin-test"),
    path("projects/<slug:slug>/", front.overview, name="overview"),
    path("projects/<slug:slug>/now/", front.overview_now, name="overview-now"),
    path("projects/<slug:slug>/samples/", explorer.samples, name="samples"),
    path("projects/<slug:slug>/samples/keep/", explorer.keep, name="keep-filter"),
    path("projects/<slug:slug>/samples/act/", explorer.act, name="act-on-samples"),
    path("projects/<slug:slug>/samples/orders/", explorer.order_list, name="sample-orders"),
    path("projects/<slug:slug>/samples/export.<str:form>", explorer.export, name="export-samples"),
    path("projects/<slug:slug>/gold/", gold.gold_list, name="gold"),
    path("projects/<slug:slug>/gold/find/", gold.gold_find, name="gold-find"),
    path("projects/<slug:slug>/gold/promote/", gold.gold_promote, name="gold-promote"),
    path("projects/<slug:slug>/gold/samples/<int:pk>/", gold.gold_sample, name="gold-sample"),
    path("projects/<slug:slug>/gold/samples/<int:pk>/served/", gold.gold_served, name="gold-served"),
    path("projects/<slug:slug>/gold/disputes/<int:pk>/", gold.gold_dispute, name="gold-dispute"),
    path("projects/<slug:slug>/gold/tests/<int:pk>/again/", gold.test_again, name="test-again"),
    path("projects/<slug:slug>/guideline/", guideline.guideline, name="guideline"),
    path("projects/<slug:slug>/guideline/read/", guideline.read, name="guideline-read"),
    path("projects/<slug:slug>/attributes/", attributes.attribute_list, name="attributes"),
    path("projects/<slug:slug>/attributes/<path:name>/", attributes.attribute, name="attribute"),
    path("projects/<slug:slug>/judges/", judges.judge_list, name="judges"),
    path("projects/<slug:slug>/judges/<int:pk>/", judges.judge, name="judge"),
    path("projects/<slug:slug>/people/", people.people_list, name="people"),
    path("projects/<slug:slug>/people/<int:pk>/", people.person, name="person"),
    path("projects/<slug:slug>/people/<int:pk>/decide/", people.decide, name="decide-person"),
    path("projects/<slug:slug>/people/<int:pk>/change/", people.change, name="change-person"),
    path("projects/<slug:slug>/people/leases/<int:pk>/give-back/", people.give_back, name="give-back"),
    path("projects/<slug:slug>/people/notices/<int:pk>/reply/", people.reply, name="reply"),
    path("projects/<slug:slug>/people/rules/", people.add_rule, name="add-rule"),
    path("projects/<slug:slug>/people/rules/<int:pk>/", people.switch_rule, name="switch-rule"),
    path("projects/<slug:slug>/work/", own_work.history, name="own-work"),
    path("projects/<slug:slug>/work/<int:pk>/", own_work.one, name="own-work-one"),
    path("projects/<slug:slug>/record/", record.record, name="record"),
    path("projects/<slug:slug>/record/notices/<int:pk>/answer/", record.answer, name="answer"),
    path("projects/<slug:slug>/record/leave/", record.leave, name="leave"),
    path("projects/<slug:slug>/record/sensitive/", sensitive.choose, name="choose-sensitive"),
    path("projects/<slug:slug>/data/", own_data.own_data, name="own-data"),
    path("projects/<slug:slug>/data/download/", own_data.download, name="own-data-file"),
    path("projects/<slug:slug>/review/", queue.queue, name="queue"),
    path("projects/<slug:slug>/review/several/", queue.several, name="decide-several"),
    path("projects/<slug:slug>/review/questions/<int:pk>/", asked.question, name="question"),
    path("projects/<slug:slug>/review/<int:pk>/", sample.sample, name="review"),
    path("projects/<slug:slug>/review/<int:pk>/judges/", sample.open_judges, name="review-judges"),
    path("projects/<slug:slug>/review/<int:pk>/decide/", sample.decide, name="decide"),
    path("projects/<slug:slug>/review/<int:pk>/reopen/", sample.reopen, name="reopen"),
    path("projects/<slug:slug>/review/second-look/", second.next_look, name="second-look"),
    path("projects/<slug:slug>/review/second-look/found/", second.found, name="second-look-found"),
    path("projects/<slug:slug>/review/second-look/draw/", second.set_draw, name="set-second-looks"),
    path("projects/<slug:slug>/review/second-look/<int:pk>/", second.one, name="second-look-one"),
    path("projects/<slug:slug>/routing/", routing.routing_page, name="routing"),
    path("projects/<slug:slug>/routing/switch/", routing.routing_switch, name="switch-routing"),
    path("projects/<slug:slug>/what-if/", what_if.ask, name="what-if"),
    path("projects/<slug:slug>/what-if/<int:pk>/", what_if.one, name="what-if-one"),
    path("projects/<slug:slug>/what-if/<int:pk>/cancel/", what_if.cancel, name="cancel-what-if"),
    path("projects/<slug:slug>/what-if/<int:pk>/apply/", what_if.apply, name="apply-what-if"),
    path("projects/<slug:slug>/versions/", review.publish, name="publish"),
    path("projects/<slug:slug>/versions/<int:number>/", review.version, name="version"),
    path("projects/<slug:slug>/versions/<int:number>/files/<path:path>", review.version_file, name="version-file"),
    *setting_up,
]
