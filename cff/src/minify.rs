//! From readable source to the fewest bytes.

use oxc_allocator::{Allocator, TakeIn};
use oxc_ast::ast::{Program, Statement};
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_compat::EngineTargets;
use oxc_minifier::{CompressOptions, MangleOptions, Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

use crate::{Refused, check::syntax};

/// The newest language whose every construct CloudFront knows, async functions apart: none newer is introduced.
const TARGET: &str = "es2015";

/// Minifies the source of a function, which exports its handler so that it counts as used.
pub(crate) fn minify(source: &str) -> Result<String, Refused> {
    let allocator = Allocator::default();
    let mut program = syntax(source, Parser::new(&allocator, source, SourceType::mjs()).parse())?;
    let target = EngineTargets::from_target(TARGET).unwrap_or_default();
    let options = MinifierOptions {
        compress: Some(CompressOptions { target, ..CompressOptions::smallest() }),
        // What AWS's documentation names in examples keeps its name.
        mangle: Some(MangleOptions {
            top_level: Some(true),
            reserved: ["handler", "cf"].into_iter().map(Into::into).collect(),
            ..MangleOptions::default()
        }),
        ..MinifierOptions::default()
    };
    let scoping = Minifier::new(options).minify(&allocator, &mut program).scoping;
    unexport(&allocator, &mut program);
    let options = CodegenOptions { minify: true, comments: CommentOptions::disabled(), ..CodegenOptions::default() };
    Ok(Codegen::new().with_options(options).with_scoping(scoping).build(&program).code)
}

/// CloudFront calls the function named handler; an export is not in its language.
fn unexport<'a>(allocator: &'a Allocator, program: &mut Program<'a>) {
    for statement in &mut program.body {
        if let Statement::ExportDeclaration(export) = statement {
            *statement = Statement::from(export.declaration.take_in(&allocator));
        }
    }
}
