# A new VPC, unless vpc_id names one: two zones with a public and a private subnet in each. Tasks and database are in the
# private subnets. Tasks reach AWS through a NAT gateway, and S3 through an endpoint.

locals {
  make_vpc = var.vpc_id == null
  zones    = local.make_vpc ? 2 : 0

  vpc_id             = local.make_vpc ? aws_vpc.made[0].id : var.vpc_id
  vpc_cidr           = local.make_vpc ? var.vpc_cidr : data.aws_vpc.given[0].cidr_block
  private_subnet_ids = local.make_vpc ? aws_subnet.private[*].id : var.private_subnet_ids
  public_subnet_ids  = local.make_vpc ? aws_subnet.public[*].id : var.public_subnet_ids
}

data "aws_vpc" "given" {
  count = local.make_vpc ? 0 : 1
  id    = var.vpc_id
}

data "aws_availability_zones" "available" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "made" {
  count                = local.make_vpc ? 1 : 0
  cidr_block           = var.vpc_cidr
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_subnet" "private" {
  count             = local.zones
  vpc_id            = aws_vpc.made[0].id
  availability_zone = data.aws_availability_zones.available.names[count.index]
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, count.index)
  tags              = { Name = "${var.name}-private-${count.index}" }
}

resource "aws_subnet" "public" {
  count             = local.zones
  vpc_id            = aws_vpc.made[0].id
  availability_zone = data.aws_availability_zones.available.names[count.index]
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, count.index + 8)
  tags              = { Name = "${var.name}-public-${count.index}" }
}

resource "aws_internet_gateway" "made" {
  count  = local.make_vpc ? 1 : 0
  vpc_id = aws_vpc.made[0].id
  tags   = { Name = var.name }
}

# Images, secrets and log lines go through the NAT gateway. That is little, so one is enough. Files go through the endpoint.
resource "aws_eip" "nat" {
  count  = local.make_vpc ? 1 : 0
  domain = "vpc"
  tags   = { Name = "${var.name}-nat" }
}

resource "aws_nat_gateway" "made" {
  count         = local.make_vpc ? 1 : 0
  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id
  tags          = { Name = var.name }
  depends_on    = [aws_internet_gateway.made]
}

resource "aws_route_table" "public" {
  count  = local.make_vpc ? 1 : 0
  vpc_id = aws_vpc.made[0].id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "internet" {
  count                  = local.make_vpc ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.made[0].id
}

resource "aws_route_table" "private" {
  count  = local.make_vpc ? 1 : 0
  vpc_id = aws_vpc.made[0].id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route" "nat" {
  count                  = local.make_vpc ? 1 : 0
  route_table_id         = aws_route_table.private[0].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.made[0].id
}

resource "aws_route_table_association" "public" {
  count          = local.zones
  route_table_id = aws_route_table.public[0].id
  subnet_id      = aws_subnet.public[count.index].id
}

resource "aws_route_table_association" "private" {
  count          = local.zones
  route_table_id = aws_route_table.private[0].id
  subnet_id      = aws_subnet.private[count.index].id
}

# The endpoint costs nothing, and keeps the bytes of files off the NAT gateway, which costs money per byte.
resource "aws_vpc_endpoint" "s3" {
  count           = local.make_vpc ? 1 : 0
  vpc_id          = aws_vpc.made[0].id
  service_name    = "com.amazonaws.${var.region}.s3"
  route_table_ids = [aws_route_table.private[0].id]
  tags            = { Name = "${var.name}-s3" }
}
