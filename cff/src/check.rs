//! Whether CloudFront knows the JavaScript of a function.
//!
//! The list of what `cloudfront-js-2.0` knows:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html>.

use oxc_allocator::Allocator;
use oxc_ast::{
    AstKind,
    ast::{Argument, Expression, Program, PropertyKind, RegExp, RegExpFlags, VariableDeclarationKind},
};
use oxc_ast_visit::Visit;
use oxc_parser::{Parser, ParserReturn};
use oxc_semantic::SemanticBuilder;
use oxc_span::{GetSpan, SourceType, Span};
use oxc_syntax::operator::LogicalOperator;

use crate::Refused;

/// The modules that there are.
const MODULES: [&str; 4] = ["buffer", "cloudfront", "crypto", "querystring"];

/// The globals that there are. `eval`, `Function` and timers exist and do not work.
const GLOBALS: [&str; 43] = [
    "Array",
    "ArrayBuffer",
    "Boolean",
    "Buffer",
    "DataView",
    "Date",
    "Error",
    "EvalError",
    "Float32Array",
    "Float64Array",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "JSON",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "RangeError",
    "ReferenceError",
    "RegExp",
    "String",
    "Symbol",
    "SyntaxError",
    "TextDecoder",
    "TextEncoder",
    "TypeError",
    "URIError",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "atob",
    "btoa",
    "console",
    "decodeURIComponent",
    "encodeURIComponent",
    "globalThis",
    "isNaN",
    "require",
    "undefined",
];

/// Checks that a function uses nothing but what is on CloudFront's list.
///
/// # Errors
/// [`Refused::Syntax`] or [`Refused::Construct`], for the first place where it does.
///
/// ```
/// use onebox_cff::{Refused, check};
/// assert_eq!(check("function handler(event) { return event.request; }"), Ok(()));
/// assert_eq!(
///     check("function handler(event) {\n    for (const name of []) {}\n}"),
///     Err(Refused::Construct { line: 2, name: "ForOfStatement".into() }),
/// );
/// ```
pub fn check(source: &str) -> Result<(), Refused> {
    let allocator = Allocator::default();
    let program = syntax(source, Parser::new(&allocator, source, SourceType::mjs()).parse())?;
    let mut finder = Finder { found: None };
    finder.visit_program(&program);
    let found = finder.found.or_else(|| unknown_global(&program));
    match found {
        Some((span, name)) => Err(Refused::Construct { line: line(source, span), name }),
        None => Ok(()),
    }
}

/// The program, or the first mistake.
pub(crate) fn syntax<'a>(source: &str, parsed: ParserReturn<'a>) -> Result<Program<'a>, Refused> {
    match parsed.diagnostics.first() {
        None => Ok(parsed.program),
        Some(error) => {
            let start = error.labels.first().map_or(0, |label| label.offset());
            Err(Refused::Syntax { line: line(source, Span::new(start, start)), message: error.message.to_string() })
        }
    }
}

fn line(source: &str, span: Span) -> usize {
    let before = source.as_bytes().get(..span.start as usize).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// The first global that there is not.
fn unknown_global(program: &Program<'_>) -> Option<(Span, String)> {
    let semantic = SemanticBuilder::new().with_build_nodes(true).build(program).semantic;
    let scoping = semantic.scoping();
    let unknown = scoping.root_unresolved_references().iter().filter(|(name, _)| !GLOBALS.contains(&name.as_str()));
    unknown
        .filter_map(|(name, references)| {
            Some((semantic.reference_span(scoping.get_reference(*references.first()?)), name))
        })
        .map(|(span, name)| (span, name.to_string()))
        .min_by_key(|(span, _)| span.start)
}

/// Finds the first node that is not allowed.
struct Finder {
    found: Option<(Span, String)>,
}

impl<'a> Visit<'a> for Finder {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        if self.found.is_none()
            && let Some(name) = refusal(kind)
        {
            self.found = Some((kind.span(), name));
        }
    }
}

/// What a node is called, if CloudFront does not know such a node.
fn refusal(kind: AstKind<'_>) -> Option<String> {
    let name = match kind {
        AstKind::LogicalExpression(node) if node.operator == LogicalOperator::Coalesce => "the operator ??",
        AstKind::AssignmentExpression(node) if node.operator.is_logical() => "a logical assignment",
        AstKind::VariableDeclaration(node)
            if matches!(node.kind, VariableDeclarationKind::Using | VariableDeclarationKind::AwaitUsing) =>
        {
            "a using declaration"
        }
        AstKind::ObjectProperty(node) if node.kind != PropertyKind::Init => "an accessor in an object literal",
        AstKind::ObjectProperty(node) if node.shorthand || node.method || node.computed => {
            "a shorthand, computed or method property"
        }
        AstKind::Function(node) if node.generator => "a generator",
        AstKind::ArrowFunctionExpression(node) if node.r#async => "an async arrow function",
        AstKind::FormalParameter(node) if node.initializer.is_some() => "a default parameter",
        AstKind::CatchClause(node) if node.param.is_none() => "a catch without a binding",
        AstKind::CallExpression(node) if node.optional => "an optional call",
        AstKind::CallExpression(node) if node.arguments.iter().any(awaits) => "await in an argument",
        AstKind::CallExpression(node) if is_unknown_module(&node.callee, &node.arguments) => "this module",
        AstKind::ImportDeclaration(node) if !MODULES.contains(&node.source.value.as_str()) => "this module",
        AstKind::ImportDeclaration(node) if node.with_clause.is_some() => "import attributes",
        AstKind::RegExpLiteral(node) if !is_known(&node.regex) => "this regular expression",
        _ if is_allowed(kind) => return None,
        _ => return Some(format!("{:?}", kind.ty())),
    };
    Some(name.into())
}

fn awaits(argument: &Argument<'_>) -> bool {
    matches!(argument, Argument::AwaitExpression(_))
}

fn is_unknown_module(callee: &Expression<'_>, arguments: &[Argument<'_>]) -> bool {
    let known = |argument: &Argument<'_>| matches!(argument, Argument::StringLiteral(name) if MODULES.contains(&name.value.as_str()));
    callee.is_specific_id("require") && !matches!(arguments, [name] if known(name))
}

/// The flags g, i, m and y, and no look-behind.
fn is_known(expression: &RegExp<'_>) -> bool {
    let flags = RegExpFlags::G | RegExpFlags::I | RegExpFlags::M | RegExpFlags::Y;
    let pattern = expression.pattern.text.as_str();
    flags.contains(expression.flags) && !["(?<=", "(?<!"].iter().any(|behind| pattern.contains(behind))
}

fn is_allowed(kind: AstKind<'_>) -> bool {
    is_statement(kind) || is_expression(kind)
}

fn is_statement(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::Program(_)
            | AstKind::ImportDeclaration(_)
            | AstKind::ImportDefaultSpecifier(_)
            | AstKind::Directive(_)
            | AstKind::BlockStatement(_)
            | AstKind::VariableDeclaration(_)
            | AstKind::VariableDeclarator(_)
            | AstKind::EmptyStatement(_)
            | AstKind::ExpressionStatement(_)
            | AstKind::IfStatement(_)
            | AstKind::DoWhileStatement(_)
            | AstKind::WhileStatement(_)
            | AstKind::ForStatement(_)
            | AstKind::ForInStatement(_)
            | AstKind::ContinueStatement(_)
            | AstKind::BreakStatement(_)
            | AstKind::ReturnStatement(_)
            | AstKind::SwitchStatement(_)
            | AstKind::SwitchCase(_)
            | AstKind::LabeledStatement(_)
            | AstKind::LabelIdentifier(_)
            | AstKind::ThrowStatement(_)
            | AstKind::TryStatement(_)
            | AstKind::CatchClause(_)
            | AstKind::CatchParameter(_)
            | AstKind::Function(_)
            | AstKind::FormalParameters(_)
            | AstKind::FormalParameter(_)
            | AstKind::FormalParameterRest(_)
            | AstKind::BindingRestElement(_)
            | AstKind::FunctionBody(_)
    )
}

fn is_expression(kind: AstKind<'_>) -> bool {
    matches!(
        kind,
        AstKind::IdentifierName(_)
            | AstKind::IdentifierReference(_)
            | AstKind::BindingIdentifier(_)
            | AstKind::ThisExpression(_)
            | AstKind::ArrayExpression(_)
            | AstKind::ObjectExpression(_)
            | AstKind::ObjectProperty(_)
            | AstKind::TemplateLiteral(_)
            | AstKind::TemplateElement(_)
            | AstKind::ComputedMemberExpression(_)
            | AstKind::StaticMemberExpression(_)
            | AstKind::CallExpression(_)
            | AstKind::NewExpression(_)
            | AstKind::UpdateExpression(_)
            | AstKind::UnaryExpression(_)
            | AstKind::BinaryExpression(_)
            | AstKind::LogicalExpression(_)
            | AstKind::ConditionalExpression(_)
            | AstKind::AssignmentExpression(_)
            | AstKind::SequenceExpression(_)
            | AstKind::AwaitExpression(_)
            | AstKind::ParenthesizedExpression(_)
            | AstKind::ArrowFunctionExpression(_)
            | AstKind::BooleanLiteral(_)
            | AstKind::NullLiteral(_)
            | AstKind::NumericLiteral(_)
            | AstKind::StringLiteral(_)
            | AstKind::RegExpLiteral(_)
    )
}
