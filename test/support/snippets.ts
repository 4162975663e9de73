import ts from 'typescript'

/** A block of code in a Markdown file. */
export interface Snippet {
  /** The line on which its code begins, from 1. */
  readonly line: number
  readonly code: string
}

/** Every block of that language in a Markdown text. */
export function snippetsOf(markdown: string, language: string): Snippet[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')
  return [...markdown.matchAll(fence)].map((match) => ({
    line: markdown.slice(0, match.index).split('\n').length + 1,
    code: match[1]!,
  }))
}

/** What the snippet says that it prints: the comments behind its calls of `console.log`. */
export function expectedOutput({ code }: Snippet): string[] {
  return [...code.matchAll(/console\.log\(.*\),? \/\/ (.+)$/gm)].map((match) => match[1]!)
}

/** Compiles files to JavaScript beside them, as strictly as the library itself, and says what is wrong with them. */
export function compile(files: readonly string[]): string[] {
  const program = ts.createProgram({
    rootNames: files,
    options: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      // Whoever checks the types of libraries too shall find ours right.
      skipLibCheck: false,
    },
  })
  const { diagnostics } = program.emit()
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
    if (diagnostic.file === undefined || diagnostic.start === undefined) return text
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start)
    return `${diagnostic.file.fileName}:${line + 1}: ${text}`
  })
}
