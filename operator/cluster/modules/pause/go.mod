module github.com/ado/operator/cluster/modules/pause

go 1.26.0
