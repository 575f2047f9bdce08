output "name" {
  description = "Name of the bucket, known once it exists."
  value       = google_storage_bucket.this.name
}
