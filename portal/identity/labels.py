"""Identity in words: refusals, acts, permissions."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.core.permissions import Permission as P

REFUSALS = {
    "sign-in-failed": _l("The login or the password is wrong. Check both; after several tries wait a minute."),
    "too-many-tries": _l("Too many tries. Please wait %(seconds)s seconds, then try again."),
    "no-place": _l("This login belongs to no brand or dealer. Ask your administrator for a place."),
    "brand-known": _l("There is a brand %(brand)s already."),
    "brand-code-wrong": _l("%(brand)s is no code for a brand: 2 to 24 small letters and digits."),
    "dealer-not-there": _l("This brand has no dealer %(dealer)s; load its dealers first."),
    "place-known": _l("%(login)s has, or had, a place here already."),
    "own-member": _l("Nobody changes their own roles. Ask another administrator."),
    "role-of-other-side": _l("These roles belong to the other side (headquarters or dealer)."),
    "role-needed": _l("Choose at least one role, or end the place instead."),
    "no-such-member": _l("%(login)s has no place at the headquarters of %(brand)s."),
}
ACTS = {
    "member:add": _l("Gave %(name)s a place"),
    "member:change-roles": _l("Changed the roles of %(name)s"),
    "member:remove": _l("Ended the place of %(name)s"),
    "session:sign-in": _l("Signed in"),
}
PERMISSIONS = {
    P.HOME_READ: _l("Open the home page"),
    P.ORDER_READ: _l("See parts orders"),
    P.ORDER_DRAFT: _l("Draft parts orders"),
    P.ORDER_SUBMIT: _l("Submit parts orders"),
    P.ORDER_AGREE: _l("Agree to a quote (spend)"),
    P.ORDER_CANCEL: _l("Cancel parts orders"),
    P.ORDER_RECEIVE: _l("Receive shipments"),
    P.ORDER_QUOTE: _l("Quote and send back orders"),
    P.ORDER_REJECT: _l("Reject orders"),
    P.ORDER_DEBIT: _l("Debit dealers' accounts"),
    P.ORDER_SHIP: _l("Ship orders"),
    P.OLD_PART_READ: _l("See old parts"),
    P.OLD_PART_REGISTER: _l("Register and report old parts"),
    P.OLD_PART_REVIEW: _l("Review reported old parts"),
    P.CLAIM_READ: _l("See claims"),
    P.CLAIM_DRAFT: _l("Draft claims"),
    P.CLAIM_SUBMIT: _l("Submit claims"),
    P.CLAIM_REVIEW: _l("Decide claim lines"),
    P.SETTLEMENT_READ: _l("See settlements"),
    P.SETTLEMENT_PREPARE: _l("Prepare a settlement"),
    P.SETTLEMENT_CHECK: _l("Check a settlement"),
    P.SETTLEMENT_POST: _l("Post a settlement"),
    P.STATEMENT_READ: _l("See monthly statements"),
    P.ACCOUNT_READ: _l("See accounts"),
    P.TOPUP_ENTER: _l("Enter top-ups"),
    P.CREDIT_LIMIT_SET: _l("Set credit limits"),
    P.MONTH_CLOSE: _l("Close months"),
    P.LEDGER_PROVE: _l("Prove the books"),
    P.FEE_READ: _l("See fee schedules"),
    P.FEE_DRAFT: _l("Draft fee schedules"),
    P.FEE_SUBMIT: _l("Submit fee schedules"),
    P.FEE_APPROVE: _l("Approve fee schedules"),
    P.PART_READ: _l("See parts and prices in force"),
    P.PRICE_READ: _l("See price list versions"),
    P.CATALOG_LOAD: _l("Load files"),
    P.PRODUCT_READ: _l("See registered products"),
    P.CUSTOMER_OPEN: _l("Open a customer's full data"),
    P.POLICY_READ: _l("See warranty policies"),
    P.DEALER_READ: _l("See dealers"),
    P.TERM_READ: _l("See terms"),
    P.TERM_SET: _l("Set terms"),
    P.MEMBER_READ: _l("See members"),
    P.MEMBER_MANAGE: _l("Manage members"),
    P.ROLE_READ: _l("See roles and permissions"),
    P.AUDIT_READ: _l("Read the audit trail"),
}
