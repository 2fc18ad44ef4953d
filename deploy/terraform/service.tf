# The service: tasks of Fargate without data of their own, so each may end at any time.

locals {
  port             = 8000
  shutdown_seconds = 110
  # The settings of upfile; .env.example explains each. An empty value counts as none.
  environment = {
    HOST               = "0.0.0.0"
    PORT               = local.port
    ENVIRONMENT        = "production"
    PUBLIC_URL         = var.public_url
    TRUSTED_PROXIES    = 1
    CORS_ORIGINS       = join(",", var.cors_origins)
    STORAGE            = "s3"
    AWS_S3_BUCKET_NAME = aws_s3_bucket.files.bucket
    AWS_S3_REGION      = var.region
    AWS_S3_PREFIX      = var.s3_prefix
    DB_HOST            = aws_db_instance.database.address
    DB_PORT            = aws_db_instance.database.port
    DB_USER            = aws_db_instance.database.username
    DB_NAME            = aws_db_instance.database.db_name
    DB_SSL             = var.database_ca_file == null ? "require" : "verify-full"
    DB_SSL_CA          = var.database_ca_file == null ? null : file(var.database_ca_file)
    # A database restored to any day of its backups finds the bytes of its files.
    READ_GRACE_SECONDS = var.database_backup_days * 86400
    SHUTDOWN_SECONDS   = local.shutdown_seconds
    # Longer than the load balancer keeps an idle connection.
    KEEP_ALIVE_SECONDS = local.idle_seconds + 10
  }
  # The current versions of the secrets, so that a new version replaces the tasks.
  secrets = {
    ADMIN_KEYS  = "${aws_secretsmanager_secret.admin_keys.arn}:::${aws_secretsmanager_secret_version.admin_keys.version_id}"
    DB_PASSWORD = "${aws_secretsmanager_secret.database_password.arn}:::${aws_secretsmanager_secret_version.database_password.version_id}"
  }
}

# The keys with which the first requests are made. Their last digits are a CRC-32, which Terraform cannot compute, so the operator
# makes them. Without write-only arguments they would be in the state.
resource "aws_secretsmanager_secret" "admin_keys" {
  name_prefix             = "${var.name}-admin-keys-"
  description             = "The access keys of the operators of ${var.name} (ADMIN_KEYS)"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "admin_keys" {
  secret_id                = aws_secretsmanager_secret.admin_keys.id
  secret_string_wo         = var.admin_keys
  secret_string_wo_version = var.admin_keys_version
}

resource "aws_cloudwatch_log_group" "service" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_cluster" "service" {
  name = var.name
}

resource "aws_ecs_task_definition" "service" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([{
    name      = "upfile"
    image     = var.image
    essential = true

    portMappings = [{ containerPort = local.port, protocol = "tcp" }]
    environment = [
      for name, value in merge(var.settings, local.environment) : { name = name, value = tostring(value) }
      if value != null && value != ""
    ]
    secrets = [for name, source in local.secrets : { name = name, valueFrom = source }]

    # With S3 and RDS, the service writes nothing to disk.
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    # Longer than SHUTDOWN_SECONDS, and as long as Fargate allows.
    stopTimeout = 120

    # Whether the process answers. The load balancer asks whether the service works.
    healthCheck = {
      command = [
        "CMD", "node", "-e",
        "fetch('http://127.0.0.1:${local.port}/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))",
      ]
      interval    = 30
      timeout     = 10
      retries     = 3
      startPeriod = 60
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.service.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "upfile"
        # A log that cannot be delivered must not stop uploads.
        mode            = "non-blocking"
        max-buffer-size = "4m"
      }
    }
  }])

  lifecycle {
    precondition {
      condition     = length(setintersection(keys(var.settings), concat(keys(local.environment), keys(local.secrets)))) == 0
      error_message = "settings may not hold what this configuration sets itself."
    }
  }
}

resource "aws_ecs_service" "service" {
  name                              = var.name
  cluster                           = aws_ecs_cluster.service.id
  task_definition                   = aws_ecs_task_definition.service.arn
  launch_type                       = "FARGATE"
  desired_count                     = var.task_count
  health_check_grace_period_seconds = 120
  propagate_tags                    = "SERVICE"

  # New tasks serve before old ones end. ECS takes back a version that does not start.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = local.private_subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.service.arn
    container_name   = "upfile"
    container_port   = local.port
  }

  # Tasks need these from their first moment on, and no reference of theirs says so.
  depends_on = [
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
    aws_iam_role_policy_attachment.execution,
    aws_lb_listener.http,
    aws_lb_listener.https,
    aws_route.nat,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.load_balancer,
    aws_vpc_security_group_egress_rule.task_to_aws,
    aws_vpc_security_group_egress_rule.task_to_database,
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_ingress_rule.task,
  ]
}
