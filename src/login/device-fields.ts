import { z } from 'zod'
import type { FormFields } from './fields.ts'

/** What `POST /auth/device` takes. */
export interface DeviceFields {
  /** What the device calls itself, for the person who approves. */
  readonly client: string
}

/** What `POST /auth/device/token` takes. */
export interface DeviceTokenFields {
  readonly deviceCode: string
}

/** What the form of `POST /auth/device/approve` takes; without a decision the device is shown. */
export interface DeviceApprovalFields extends FormFields {
  readonly code: string
  readonly decision?: 'approve' | 'deny' | undefined
}

export const deviceFields: z.ZodType<DeviceFields> = z.strictObject({ client: z.string().min(1).max(128) })

export const deviceTokenFields: z.ZodType<DeviceTokenFields> = z.strictObject({
  deviceCode: z.string().min(1).max(128),
})

export const deviceApprovalForm: z.ZodType<DeviceApprovalFields> = z.strictObject({
  csrf: z.string().max(128),
  code: z.string().max(64),
  decision: z.enum(['approve', 'deny']).optional(),
})
