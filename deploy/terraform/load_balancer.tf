# The load balancer in front of the tasks. It has a public address only with internet_facing, and then it answers to
# allowed_cidrs only.

locals {
  # A connection is silent while S3 puts the parts of a large file together, for ten minutes at most.
  idle_seconds = 900
}

resource "aws_lb" "service" {
  name                       = var.name
  internal                   = !var.internet_facing
  load_balancer_type         = "application"
  subnets                    = var.internet_facing ? local.public_subnet_ids : local.private_subnet_ids
  security_groups            = [aws_security_group.load_balancer.id]
  idle_timeout               = local.idle_seconds
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
}

resource "aws_lb_target_group" "service" {
  name_prefix = "file-"
  vpc_id      = local.vpc_id
  target_type = "ip"
  protocol    = "HTTP"
  port        = local.port
  # Running uploads may end before their task gets SIGTERM.
  deregistration_delay = 300

  # Longer than a failover of the database: ECS replaces unhealthy tasks, and during a failover a new task would not be
  # ready either.
  health_check {
    path                = "/readyz"
    matcher             = "200"
    interval            = 15
    timeout             = 10
    healthy_threshold   = 2
    unhealthy_threshold = 10
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.service.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = var.certificate_arn == null ? "forward" : "redirect"
    target_group_arn = var.certificate_arn == null ? aws_lb_target_group.service.arn : null

    dynamic "redirect" {
      for_each = var.certificate_arn == null ? [] : [443]

      content {
        protocol    = "HTTPS"
        port        = redirect.value
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count             = var.certificate_arn == null ? 0 : 1
  load_balancer_arn = aws_lb.service.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service.arn
  }
}
