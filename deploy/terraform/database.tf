# The records of the files. A standby of RDS has every commit before RDS acknowledges it, so a failover loses nothing.

resource "aws_db_subnet_group" "database" {
  name_prefix = "${var.name}-"
  subnet_ids  = local.private_subnet_ids

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_parameter_group" "database" {
  name_prefix = "${var.name}-"
  family      = "postgres${var.database_version}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "database" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.database_version
  instance_class = var.database_instance_class
  multi_az       = var.database_multi_az

  db_name             = "upfile"
  username            = "upfile"
  password_wo         = ephemeral.aws_secretsmanager_secret_version.database_password.secret_string
  password_wo_version = var.database_password_version

  storage_type          = "gp3"
  allocated_storage     = var.database_storage_gib
  max_allocated_storage = var.database_storage_gib * 10
  storage_encrypted     = true

  db_subnet_group_name   = aws_db_subnet_group.database.name
  vpc_security_group_ids = [aws_security_group.database.id]
  parameter_group_name   = aws_db_parameter_group.database.name
  publicly_accessible    = false

  backup_retention_period     = var.database_backup_days
  copy_tags_to_snapshot       = true
  deletion_protection         = var.deletion_protection
  delete_automated_backups    = false
  skip_final_snapshot         = false
  final_snapshot_identifier   = "${var.name}-final"
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
}

# Terraform makes the password and keeps it in Secrets Manager, in neither plan nor state. RDS could keep the password itself
# (manage_master_user_password), but changes it every week while tasks still have the old one.
ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "database_password" {
  name_prefix             = "${var.name}-database-password-"
  description             = "The password of the database of ${var.name}"
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "database_password" {
  secret_id                = aws_secretsmanager_secret.database_password.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.database.random_password
  secret_string_wo_version = var.database_password_version
}

ephemeral "aws_secretsmanager_secret_version" "database_password" {
  secret_id  = aws_secretsmanager_secret_version.database_password.secret_id
  version_id = aws_secretsmanager_secret_version.database_password.version_id
}
