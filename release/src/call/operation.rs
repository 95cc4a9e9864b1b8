//! What a call is: its operation, and whether it changes anything.

use super::Call;

impl Call {
    /// The operation's name, as AWS writes it.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::GetAlias { .. } => "GetAlias",
            Self::UpdateAlias { .. } => "UpdateAlias",
            Self::CreateAlias { .. } => "CreateAlias",
            Self::DeleteAlias { .. } => "DeleteAlias",
            Self::GetVersion { .. } => "GetFunctionConfiguration",
            Self::ListProvisionedConcurrency { .. } => "ListProvisionedConcurrencyConfigs",
            Self::UpdateFunctionCode { .. } => "UpdateFunctionCode",
            Self::PublishVersion { .. } => "PublishVersion",
            Self::Invoke { .. } => "Invoke",
            Self::DescribeAlarms { .. } => "DescribeAlarms",
            Self::DescribeAlarmHistory { .. } => "DescribeAlarmHistory",
            Self::PutMetricAlarm(_) => "PutMetricAlarm",
            Self::DeleteAlarms { .. } => "DeleteAlarms",
            Self::GetMetricData { .. } => "GetMetricData",
            Self::CreateDeployment(_) => "CreateDeployment",
            Self::GetDeployment { .. } => "GetDeployment",
            Self::FindDeployment { .. } => "ListDeployments",
            Self::StopDeployment { .. } => "StopDeployment",
        }
    }

    /// Whether it changes anything; the others only look.
    #[must_use]
    pub const fn changes(&self) -> bool {
        match self {
            Self::UpdateAlias { .. }
            | Self::CreateAlias { .. }
            | Self::DeleteAlias { .. }
            | Self::UpdateFunctionCode { .. }
            | Self::PublishVersion { .. }
            | Self::Invoke { .. }
            | Self::PutMetricAlarm(_)
            | Self::DeleteAlarms { .. }
            | Self::CreateDeployment(_)
            | Self::StopDeployment { .. } => true,
            Self::GetAlias { .. }
            | Self::GetVersion { .. }
            | Self::ListProvisionedConcurrency { .. }
            | Self::DescribeAlarms { .. }
            | Self::DescribeAlarmHistory { .. }
            | Self::GetMetricData { .. }
            | Self::GetDeployment { .. }
            | Self::FindDeployment { .. } => false,
        }
    }
}
