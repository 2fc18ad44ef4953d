import { createS3FaultProxy, type S3FaultProxy } from './s3Faults.ts'
import { startService, type TestService } from './service.ts'

/** The service on an S3 server that can be made to fail; what runs past it meets the server itself. */
export interface ServiceBehindS3Proxy {
  readonly service: TestService
  readonly proxy: S3FaultProxy
  stop(): Promise<void>
}

export async function startServiceBehindS3Proxy(
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceBehindS3Proxy> {
  const proxy = await createS3FaultProxy(process.env.S3_TEST_ENDPOINT ?? '')
  const service = await startService({ AWS_S3_ENDPOINT: proxy.endpoint, ...env })
  return {
    service,
    proxy,
    async stop() {
      await service.stop()
      await proxy.close()
    },
  }
}
