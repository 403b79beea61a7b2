# Opens weight files and projects with LRP Explorer, for this user alone; nobody has run this on Windows yet.
#   powershell -ExecutionPolicy Bypass -File associate.ps1 "C:\path\to\lrp-gui.exe"
#   powershell -ExecutionPolicy Bypass -File associate.ps1 -Remove
param([string]$Program = "", [switch]$Remove)

$classes = "HKCU:\Software\Classes"
$types = @{
    "LRPExplorer.Weights" = @("Weights of a neural network", @(".pt", ".pth", ".pt2", ".ckpt", ".safetensors", ".onnx", ".npz", ".npy"))
    "LRPExplorer.Project" = @("LRP Explorer project", @(".lrpx"))
}

if ($Remove) {
    foreach ($type in $types.Keys) {
        foreach ($ending in $types[$type][1]) {
            Remove-ItemProperty -Path "$classes\$ending\OpenWithProgids" -Name $type -ErrorAction SilentlyContinue
        }
        Remove-Item -Path "$classes\$type" -Recurse -ErrorAction SilentlyContinue
    }
    Write-Output "LRP Explorer's file types are removed."
    exit 0
}

if (-not (Test-Path -LiteralPath $Program -PathType Leaf)) {
    Write-Error "There is no program at '$Program'; name the path of lrp-gui.exe."
    exit 2
}
foreach ($type in $types.Keys) {
    New-Item -Path "$classes\$type\shell\open\command" -Force | Out-Null
    Set-Item -Path "$classes\$type" -Value $types[$type][0]
    Set-ItemProperty -Path "$classes\$type" -Name "AppUserModelID" -Value "LRPExplorer.LRPExplorer"
    Set-Item -Path "$classes\$type\shell\open\command" -Value "`"$Program`" `"%1`""
    foreach ($ending in $types[$type][1]) {
        # beside other programs' entries: which one a double click takes stays the user's choice
        New-Item -Path "$classes\$ending\OpenWithProgids" -Force | Out-Null
        New-ItemProperty -Path "$classes\$ending\OpenWithProgids" -Name $type -Value "" -Force | Out-Null
    }
}
Write-Output "Weight files and projects can be opened with LRP Explorer."
