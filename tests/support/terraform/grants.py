"""Who is granted what by each root for Google Cloud: the whole list."""

from __future__ import annotations

CLIENT_ROLES = {
    "roles/aiplatform.user",
    "roles/compute.viewer",
    "roles/dataproc.editor",
    "roles/monitoring.viewer",
    "roles/serviceusage.serviceUsageConsumer",
    "roles/serviceusage.serviceUsageViewer",
    "roles/storage.bucketViewer",
}
GRANTS = {
    "bootstrap": {
        ("plan_account[0]", "roles/compute.viewer"),
        ("plan_account[0]", "roles/dataproc.viewer"),
        ("plan_account[0]", "roles/iam.securityReviewer"),
        ("plan_account[0]", "roles/iam.workloadIdentityUser"),
        ("plan_account[0]", "roles/monitoring.viewer"),
        ("plan_account[0]", "roles/serviceusage.serviceUsageViewer"),
        ("plan_account[0]", "roles/storage.bucketViewer"),
        ("plan_account[0]", "roles/storage.objectViewer"),
        ("clean_account[0]", "roles/iam.workloadIdentityUser"),
        ("clean_account[0]", "roles/storage.objectUser"),
    },
    "foundation": {
        ("dataproc_account[0]", "roles/dataproc.worker"),
        ("dataproc_account[0]", "roles/storage.objectUser"),
        ("dataproc_account[0]", "roles/iam.serviceAccountUser"),
        ("vertex_account[0]", "roles/logging.logWriter"),
        ("vertex_account[0]", "roles/monitoring.metricWriter"),
        ("vertex_account[0]", "roles/storage.objectUser"),
        ("vertex_account[0]", "roles/iam.serviceAccountUser"),
        ("google_storage_bucket_iam_member.client", "roles/storage.objectUser"),
        ("google_storage_bucket_iam_member.reader", "roles/storage.objectViewer"),
        *(("google_project_iam_member.client", role) for role in CLIENT_ROLES),
    },
    "targets/dataproc/terraform": set(),
}
