//! What cargo says about the packages.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package, TargetKind};

use super::files::root;

/// The packages of a workspace.
pub(crate) struct Packages(Metadata);

/// How a lock file names the public registry.
pub(crate) fn crates_io() -> &'static str {
    "registry+https://github.com/rust-lang/crates.io-index"
}

impl Packages {
    /// Those of the project, with everything that they depend on.
    pub(crate) fn read() -> Self {
        let mut command = MetadataCommand::new();
        command.manifest_path(root().join("Cargo.toml")).other_options(["--locked".to_owned()]);
        Self(command.exec().unwrap())
    }

    /// Those of the fuzz targets, alone.
    pub(crate) fn of_fuzz() -> Self {
        Self(MetadataCommand::new().manifest_path(root().join("fuzz/Cargo.toml")).no_deps().exec().unwrap())
    }

    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.0.workspace_packages().iter().map(|package| package.name.to_string()).collect()
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.package(name).manifest_path.parent().unwrap().into()
    }

    /// The dependencies that a package is built with, on any platform.
    pub(crate) fn normal_dependencies(&self, name: &str) -> impl Iterator<Item = &Dependency> {
        self.package(name).dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal)
    }

    /// The packages of the workspace that a package is built with; what only its tests use does not count.
    pub(crate) fn uses(&self, name: &str) -> Vec<String> {
        let dependencies = self.package(name).dependencies.iter();
        let built = dependencies.filter(|dependency| dependency.kind != DependencyKind::Development);
        built.filter(|dependency| dependency.path.is_some()).map(|dependency| dependency.name.clone()).collect()
    }

    /// Everything that a package is built with, at any distance, when it is built alone: what others ask of a shared
    /// dependency does not count.
    pub(crate) fn reaches(&self, name: &str) -> BTreeSet<String> {
        let arguments =
            ["tree", "--locked", "--edges", "no-dev", "--target", "all", "--prefix", "none", "--package", name];
        let tree = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let lines = String::from_utf8(tree.stdout).unwrap();
        let named = lines.lines().filter_map(|line| line.split(' ').next()).filter(|reached| !reached.is_empty());
        named.filter(|reached| *reached != name).map(str::to_owned).collect()
    }

    /// Every file that cargo compiles as a test of its own.
    pub(crate) fn test_files(&self) -> BTreeSet<PathBuf> {
        let targets = self.0.workspace_packages().into_iter().flat_map(|package| &package.targets);
        targets
            .filter(|target| target.kind.contains(&TargetKind::Test))
            .map(|target| target.src_path.clone().into())
            .collect()
    }

    /// Every binary and its file.
    pub(crate) fn binaries(&self) -> BTreeMap<String, PathBuf> {
        let targets = self.0.workspace_packages().into_iter().flat_map(|package| &package.targets);
        let binaries = targets.filter(|target| target.kind.contains(&TargetKind::Bin));
        binaries.map(|target| (target.name.clone(), target.src_path.clone().into())).collect()
    }

    fn package(&self, name: &str) -> &Package {
        let packages = self.0.workspace_packages();
        packages.into_iter().find(|package| *package.name == name).unwrap()
    }
}
