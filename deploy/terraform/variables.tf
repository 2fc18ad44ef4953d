# --- What runs ---

variable "region" {
  description = "The AWS region of everything, as eu-central-1."
  type        = string
}

variable "name" {
  description = "What the names of everything begin with."
  type        = string
  default     = "upfile"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.name))
    error_message = "At most 20 lower-case letters, digits and hyphens, and a letter first: names in AWS are short."
  }
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
  default     = {}
}

variable "image" {
  description = "The image to run, built from this repository's Dockerfile, with its registry and a tag or digest."
  type        = string
}

variable "cpu_architecture" {
  description = "What the image was built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "X86_64 or ARM64."
  }
}

variable "task_count" {
  description = "How many tasks serve at once. One is enough to work, two to survive the loss of one."
  type        = number
  default     = 2
}

variable "task_cpu" {
  description = "CPU units of a task, 1024 for a whole one; Fargate takes certain pairs with task_memory only."
  type        = number
  default     = 1024
}

variable "task_memory" {
  description = "MiB of memory of a task. Uploads hold up to 256 of them (AWS_S3_UPLOAD_MEMORY)."
  type        = number
  default     = 2048
}

variable "settings" {
  description = "More settings of upfile (see .env.example), by name. No secrets: whoever may see the task may see them."
  type        = map(string)
  default     = {}
}

variable "log_retention_days" {
  description = "How long log lines are kept."
  type        = number
  default     = 30
}

# --- Who reaches it ---

variable "admin_keys" {
  description = "An access key of upfile keys generate, or two as new,old (ADMIN_KEYS). In no plan and no state, so each apply asks for it: set TF_VAR_admin_keys."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = can(regex("^upfk_[0-9A-Za-z]{50}(,upfk_[0-9A-Za-z]{50})?$", var.admin_keys))
    error_message = "One key that upfile keys generate made, or two as new,old."
  }
}

variable "admin_keys_version" {
  description = "Raise it to have other admin_keys stored and the tasks replaced."
  type        = number
  default     = 1
}

variable "internet_facing" {
  description = "Whether the load balancer has a public address. Needs allowed_cidrs and certificate_arn."
  type        = bool
  default     = false

  validation {
    condition     = !var.internet_facing || length(var.allowed_cidrs) > 0
    error_message = "A public load balancer needs allowed_cidrs: the networks of your callers, or 0.0.0.0/0 for the whole internet."
  }

  validation {
    condition     = !var.internet_facing || var.certificate_arn != null
    error_message = "A public load balancer needs certificate_arn: without it keys and files would cross the internet in the clear."
  }
}

variable "allowed_cidrs" {
  description = "IPv4 networks that may reach the load balancer; without any, the VPC's own."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "IPv4 networks as 10.1.0.0/16."
  }
}

variable "certificate_arn" {
  description = "A certificate of ACM. With it the load balancer speaks HTTPS, and HTTP leads there; without it HTTP only."
  type        = string
  default     = null
}

variable "public_url" {
  description = "The base of absolute URLs (PUBLIC_URL), as https://files.example.com; without it they are relative."
  type        = string
  default     = null
}

variable "cors_origins" {
  description = "Origins whose pages may call the service and use links to the bucket, as https://app.example.com."
  type        = list(string)
  default     = []
}

# --- The network ---

variable "vpc_id" {
  description = "A VPC to use; without it one is made, with a NAT gateway."
  type        = string
  default     = null
}

variable "private_subnet_ids" {
  description = "With vpc_id: subnets in two zones or more, with a way out to AWS, for tasks, database and an internal load balancer."
  type        = list(string)
  default     = []

  validation {
    condition     = var.vpc_id == null ? length(var.private_subnet_ids) == 0 : length(var.private_subnet_ids) > 1
    error_message = "With vpc_id at least two, and none without it."
  }
}

variable "public_subnet_ids" {
  description = "With vpc_id and internet_facing: subnets in two zones or more, for the load balancer."
  type        = list(string)
  default     = []

  validation {
    condition     = var.vpc_id == null || !var.internet_facing || length(var.public_subnet_ids) > 1
    error_message = "A public load balancer in a given VPC needs at least two."
  }
}

variable "vpc_cidr" {
  description = "Without vpc_id: the addresses of the VPC that is made, a /24 or larger."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) <= 24, false)
    error_message = "An IPv4 network with room for subnets: a /24 or larger."
  }
}

# --- The bucket ---

variable "bucket_name" {
  description = "The name of the S3 bucket; without it name, account and region."
  type        = string
  default     = null
}

variable "s3_prefix" {
  description = "What names in the bucket begin with (AWS_S3_PREFIX), as upfile/; may be empty, since the bucket is upfile's alone."
  type        = string
  default     = ""
}

variable "abort_uploads_after_days" {
  description = "When S3 gives up uploads in parts that nobody ended. Maintenance does so much earlier; this is for the day it cannot."
  type        = number
  default     = 7
}

# --- The database ---

variable "database_version" {
  description = "The major version of PostgreSQL, 15 to 18."
  type        = string
  default     = "17"

  validation {
    condition     = contains(["15", "16", "17", "18"], var.database_version)
    error_message = "15, 16, 17 or 18."
  }
}

variable "database_instance_class" {
  description = "The machine of the database. It has to allow task_count times DB_POOL_SIZE (20) connections, twice that while tasks are replaced."
  type        = string
  default     = "db.t4g.small"
}

variable "database_storage_gib" {
  description = "GiB of the database at first; it grows to ten times that by itself."
  type        = number
  default     = 20
}

variable "database_multi_az" {
  description = "Whether a synchronous standby waits in another zone. Without it the loss of a zone is an outage, and a restore from backup."
  type        = bool
  default     = true
}

variable "database_backup_days" {
  description = "How far back the database can be restored, 1 to 7. As long bytes stay after the last file that needed them was forgotten."
  type        = number
  default     = 7

  validation {
    condition     = var.database_backup_days >= 1 && var.database_backup_days <= 7
    error_message = "From 1 to 7: READ_GRACE_SECONDS knows no more."
  }
}

variable "database_password_version" {
  description = "Raise it to have a new password made and the tasks replaced."
  type        = number
  default     = 1
}

variable "database_ca_file" {
  description = "A file with the certificates that sign RDS's in this region. With it tasks verify the database (verify-full), without it they encrypt only."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether database and load balancer refuse to be deleted."
  type        = bool
  default     = true
}
