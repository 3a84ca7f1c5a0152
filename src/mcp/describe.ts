import type { Icon, Prompt, ResourceTemplateType, Tool } from '@modelcontextprotocol/server'
import type { PromptDefinition } from './prompt.ts'
import type { ResourceDefinition } from './resource.ts'
import type { ToolDefinition } from './tool.ts'

/** A tool as `tools/list` shows it. */
export function describeTool(tool: ToolDefinition): Tool {
  const { name, title, description, inputSchema, outputSchema, annotations, icons } = tool
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema }),
    ...(annotations === undefined ? {} : { annotations }),
    ...iconsOf(icons),
  }
}

/** A prompt as `prompts/list` shows it. */
export function describePrompt(prompt: PromptDefinition): Prompt {
  const { name, title, description, icons } = prompt
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    arguments: [...prompt.arguments],
    ...iconsOf(icons),
  }
}

/** A family of resources as `resources/templates/list` shows it. */
export function describeTemplate(family: ResourceDefinition): ResourceTemplateType {
  const { name, title, description, uriTemplate, mimeType, icons } = family
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    uriTemplate,
    ...(mimeType === undefined ? {} : { mimeType }),
    ...iconsOf(icons),
  }
}

function iconsOf(icons: readonly Icon[] | undefined): { icons?: Icon[] } {
  return icons === undefined || icons.length === 0 ? {} : { icons: [...icons] }
}
