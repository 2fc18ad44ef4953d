output "url" {
  description = "Where the service is: public_url if given, else the load balancer's own name."
  value       = var.public_url != null ? var.public_url : "${var.certificate_arn == null ? "http" : "https"}://${aws_lb.service.dns_name}"
}

output "load_balancer_dns_name" {
  description = "What the name of public_url should be an alias of."
  value       = aws_lb.service.dns_name
}

output "load_balancer_zone_id" {
  description = "The zone of that name, for an alias record of Route 53."
  value       = aws_lb.service.zone_id
}

output "bucket_name" {
  description = "The S3 bucket that holds the files."
  value       = aws_s3_bucket.files.bucket
}

output "database_address" {
  description = "The host of the database, reachable from the tasks only."
  value       = aws_db_instance.database.address
}

output "database_password_secret_arn" {
  description = "The secret that holds the database's password."
  value       = aws_secretsmanager_secret.database_password.arn
}

output "admin_keys_secret_arn" {
  description = "The secret that holds admin_keys."
  value       = aws_secretsmanager_secret.admin_keys.arn
}

output "task_role_arn" {
  description = "The role of the tasks, for policies of other buckets or keys."
  value       = aws_iam_role.task.arn
}

output "log_group_name" {
  description = "Where the log lines go."
  value       = aws_cloudwatch_log_group.service.name
}

output "cluster_name" {
  description = "The ECS cluster; its service has the same name."
  value       = aws_ecs_cluster.service.name
}
