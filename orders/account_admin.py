"""Accounts in the admin are deleted as their owners do it: asked whether they may go, and forgotten with care."""

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.admin import UserAdmin
from accounts.email_addresses import FORMER_STAFF
from accounts.models import User
from orders.forgetting import StillNeeded, forget_person

admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):
    actions = ("delete_accounts",)

    def has_forget_permission(self, request: HttpRequest) -> bool:
        """The right to delete users; the rows themselves nobody deletes."""
        return request.user.has_perm("accounts.delete_user")

    @admin.action(description="Delete the chosen accounts…", permissions=["forget"])
    def delete_accounts(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Shows what is chosen first; the form there comes back here with `sure`."""
        chosen = list(queryset.exclude(email=FORMER_STAFF).order_by("email"))
        if "sure" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": "Delete accounts",
                "chosen": chosen,
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/accounts/user/delete_accounts.html", context)
        deleted = 0
        for user in chosen:
            try:
                with transaction.atomic():
                    self.log_deletions(request, User.objects.filter(pk=user.pk))
                    forget_person(user=user, now=timezone.now())
            except StillNeeded as error:
                messages.error(request, f"Not deleted: {user}. Its owner would read: {error}")
            else:
                deleted += 1
        if deleted:
            messages.success(request, f"Deleted: {deleted}.")
        return None
