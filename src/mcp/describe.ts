import type { Prompt, ResourceTemplateType, Tool } from '@modelcontextprotocol/server'
import type { PromptDefinition } from './prompt.ts'
import type { ResourceDefinition } from './resource.ts'
import type { ToolDefinition } from './tool.ts'

/** A tool as `tools/list` shows it. */
export function describeTool(tool: ToolDefinition): Tool {
  const { name, title, description, inputSchema, annotations } = tool
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    inputSchema,
    ...(annotations === undefined ? {} : { annotations }),
  }
}

/** A prompt as `prompts/list` shows it. */
export function describePrompt(prompt: PromptDefinition): Prompt {
  const { name, title, description } = prompt
  return { name, ...(title === undefined ? {} : { title }), description, arguments: [...prompt.arguments] }
}

/** A family of resources as `resources/templates/list` shows it. */
export function describeTemplate(family: ResourceDefinition): ResourceTemplateType {
  const { name, title, description, uriTemplate, mimeType } = family
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    uriTemplate,
    ...(mimeType === undefined ? {} : { mimeType }),
  }
}
